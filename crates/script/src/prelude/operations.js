// What takes time: host operations and timers. Rust gives each an id and says when it is done.

/** Operations the script waits for, by id: the promise's two functions. No prototype, so no key is special. */
const waiting = Object.create(null);

/** A promise for the operation that `begin` starts. */
const operation = (begin) => new Promise((resolve, reject) => {
  waiting[begin()] = [resolve, reject];
});

const settle = (id, well, result) => {
  const functions = waiting[id];
  if (functions === undefined) return;
  delete waiting[id];
  if (well) functions[0](result);
  else functions[1](Object.assign(new TypeError(result[1]), { code: result[0] }));
};

const timers = Object.create(null);

const startTimer = (callback, delay, repeat, args) => {
  if (typeof callback !== 'function') throw new TypeError('a timer needs a function to call');
  const id = native.timer(Number(delay ?? 0), repeat);
  timers[id] = () => callback(...args);
  return id;
};
const setTimeout = (callback, delay, ...args) => startTimer(callback, delay, false, args);
const setInterval = (callback, delay, ...args) => startTimer(callback, delay, true, args);
const clearTimeout = (id) => {
  if (timers[id] === undefined) return;
  delete timers[id];
  native.clearTimer(Number(id));
};
const clearInterval = (id) => clearTimeout(id);
const queueMicrotask = (callback) => {
  if (typeof callback !== 'function') throw new TypeError('queueMicrotask needs a function to call');
  Promise.resolve().then(() => callback());
};

const fire = (id, again) => {
  const callback = timers[id];
  if (!again) delete timers[id];
  callback?.();
};

const forget = (ids) => {
  forgetMakings();
  for (const id of ids) {
    // A host operation is forgotten only when no call is left that waits.
    if (waiting[id] !== undefined) forgetUpdates();
    delete waiting[id];
    delete timers[id];
  }
};
