// Namespace and the contract's enums.

const environment = parse(native.environment);

const deepFreeze = (value) => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
};

const storedJson = (key) => operation(() => native.storageGet(key));

/** The latest update of each key: the next one waits for it. Other nodes are told apart when the value is written. */
const updates = Object.create(null);

/** Ends a call's part in them when the call is gone. */
const forgetUpdates = () => {
  for (const key of Object.keys(updates)) delete updates[key];
};

const update = async (key, change, ttlSeconds) => {
  for (;;) {
    const before = await storedJson(key);
    const after = change(before === undefined ? undefined : revived(before));
    if (typeof after?.then === 'function') {
      throw new TypeError('the function given to update must not be async: fetch first, then update');
    }
    if (await operation(() => native.storageReplace(helpers, key, before, after, ttlSeconds))) return after;
  }
};

/** The values being made for `remember`, by key: who asks meanwhile gets the same. */
const makings = Object.create(null);

/** A promise of them may wait for what a call left behind. */
const forgetMakings = () => {
  for (const key of Object.keys(makings)) delete makings[key];
};

const keptOrMade = async (key, make) => {
  const json = await storedJson(key);
  if (json !== undefined) return revived(json);
  const made = await make();
  if (typeof made !== 'object' || made === null || made.value === undefined) {
    throw new TypeError('the function given to remember must return { value, ttlSeconds }');
  }
  const { value, ttlSeconds } = made;
  if (typeof ttlSeconds !== 'number' || !(ttlSeconds < Infinity)) {
    throw new TypeError(`ttlSeconds must be a number of seconds, not ${inspect(ttlSeconds)}`);
  }
  if (ttlSeconds > 0) await operation(() => native.storageSet(helpers, key, value, ttlSeconds));
  return value;
};

const storage = Object.freeze({
  async get(key) {
    const json = await storedJson(text(key));
    return json === undefined ? undefined : revived(json);
  },
  async set(key, value, options = {}) {
    await operation(() => native.storageSet(helpers, text(key), value, options.ttlSeconds));
  },
  async update(key, change, options = {}) {
    if (typeof change !== 'function') throw new TypeError('update needs a function that returns the new value');
    const name = text(key);
    const before = updates[name];
    let done;
    const turn = new Promise((resolve) => { done = resolve; });
    updates[name] = turn;
    try {
      await before;
      return await update(name, change, options.ttlSeconds);
    } finally {
      done();
      if (updates[name] === turn) delete updates[name];
    }
  },
  async remember(key, make) {
    if (typeof make !== 'function') throw new TypeError('remember needs a function that creates the value');
    const name = text(key);
    const making = makings[name] ?? keptOrMade(name, make);
    makings[name] = making;
    try {
      return await making;
    } finally {
      if (makings[name] === making) delete makings[name];
    }
  },
  async delete(key) {
    await operation(() => native.storageDelete(text(key)));
  },
});

const Namespace = Object.freeze({
  params: Object.freeze({ data: deepFreeze(environment.settings) }),
  services: Object.freeze(Object.fromEntries(
    environment.services.map((name) => [name, Object.freeze({ fetch: serviceFetch(name) })]),
  )),
  storage,
  webhookUrl: environment.webhookUrl ?? undefined,
});

/** `{ NotifyStart: 'notifyStart', … }` */
const enumOf = (...names) =>
  Object.freeze(Object.fromEntries(names.map((name) => [name, name[0].toLowerCase() + name.slice(1)])));

const VoipCallDirection = enumOf('In', 'Out', 'Internal');
const VoipWebhookEvent =
  enumOf('NotifyStart', 'NotifyAnswer', 'NotifyHold', 'NotifyUnhold', 'NotifyRedirect', 'NotifyEnd');
const VoipCallDisposition = enumOf('Unknown', 'Answered', 'NoAnswer', 'Busy', 'Cancelled', 'Failed', 'Voicemail');
