// Bounds of the language's own loops. QuickJS looks at the time between a script's steps, and not while one of these runs:
// a search of a long text in a long text, or a walk over a list that only claims to be long, would hold a core for ever.
// And of its compiler, which ends the process when it runs out of memory at the wrong moment.

/** Steps of such a loop at most, about a second's; one over a list's element counts for several. */
const MAX_STEPS = 1e9;
const ELEMENT_STEPS = 50;

/** Steps before which the time is looked at. */
const MANY_STEPS = 1e5;

const spend = (steps, what) => {
  if (steps > MAX_STEPS) throw new RangeError(`${what} is too much at once: take it in parts`);
  if (steps > MANY_STEPS) native.checkTime();
};

/** Puts a function in the place of a built-in one; `make` gets the built-in one as a function of `this` and its arguments. */
const instead = (owner, name, make) => {
  const builtin = owner[name];
  const { method } = { method: make((self, args) => apply(builtin, self, args)) };
  Object.defineProperty(method, 'name', { value: builtin.name, configurable: true });
  Object.defineProperty(method, 'length', { value: builtin.length, configurable: true });
  Object.defineProperty(owner, name, { value: method });
};

const steps = (list) => {
  const length = list === null || list === undefined ? 0 : Number(list.length);
  return Number.isNaN(length) ? 0 : length * ELEMENT_STEPS;
};

const guardLists = () => {
  const lists = Array.prototype;
  for (const name of [
    'copyWithin', 'every', 'fill', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex', 'forEach', 'join', 'map', 'reduce',
    'reduceRight', 'reverse', 'shift', 'slice', 'some', 'splice', 'toLocaleString', 'toReversed', 'toSpliced', 'toString',
    'unshift', 'with',
  ]) {
    instead(lists, name, (builtin) => function (...args) {
      spend(steps(this), 'a list of that length');
      return builtin(this, args);
    });
  }
  // Two texts are compared in as many steps as they are long.
  for (const name of ['includes', 'indexOf', 'lastIndexOf']) {
    instead(lists, name, (builtin) => function (...args) {
      const longer = typeof args[0] === 'string' ? args[0].length / ELEMENT_STEPS : 0;
      spend(steps(this) * (1 + longer), 'a search in a list of that length');
      return builtin(this, args);
    });
  }
  instead(lists, 'concat', (builtin) => function (...args) {
    let all = steps(this);
    for (let index = 0; index < args.length; index += 1) {
      if (typeof args[index] === 'object') all += steps(args[index]);
    }
    spend(all, 'a list of that length');
    return builtin(this, args);
  });
  const byText = (one, other) => {
    const [a, b] = [`${one}`, `${other}`];
    spend(a.length < b.length ? a.length : b.length, 'a comparison of texts of that length');
    if (a < b) return -1;
    return a > b ? 1 : 0;
  };
  for (const name of ['sort', 'toSorted']) {
    instead(lists, name, (builtin) => function (compare) {
      spend(steps(this), 'a list of that length');
      return builtin(this, [compare === undefined ? byText : compare]);
    });
  }
  const flatten = (into, list, depth) => {
    spend(steps(list), 'a list of that length');
    for (let index = 0; index < list.length; index += 1) {
      if (!(index in list)) continue;
      if (depth > 0 && isArray(list[index])) flatten(into, list[index], depth - 1);
      else into[into.length] = list[index];
    }
    return into;
  };
  instead(lists, 'flat', () => function (depth = 1) {
    return flatten([], Object(this), Number(depth));
  });
  const { map } = lists;
  instead(lists, 'flatMap', () => function (...args) {
    return flatten([], apply(map, this, args), 1);
  });
};

const guardTexts = () => {
  const texts = String.prototype;
  // With a regular expression the time is looked at.
  const isText = (wanted) => wanted === null || wanted === undefined || typeof wanted !== 'object';
  for (const name of ['includes', 'indexOf', 'lastIndexOf', 'replace', 'replaceAll', 'split']) {
    instead(texts, name, (builtin) => function (wanted, ...rest) {
      if (this === null || this === undefined || !isText(wanted)) return builtin(this, [wanted, ...rest]);
      const [subject, sought] = [`${this}`, typeof wanted === 'symbol' ? wanted : `${wanted}`];
      spend(subject.length * (sought.length || 1), 'a search of a text of that length');
      return builtin(subject, [wanted === undefined ? wanted : sought, ...rest]);
    });
  }
  // Marks are put in order one by one.
  const marks = /\p{M}{256}/u;
  const { test } = RegExp.prototype;
  for (const name of ['localeCompare', 'normalize']) {
    instead(texts, name, (builtin) => function (...args) {
      for (const text of [this, args[0]]) {
        if (typeof text === 'string' && text.length > 1_000 && apply(test, marks, [text])) {
          throw new RangeError('the text has too many marks in a row');
        }
      }
      return builtin(this, args);
    });
  }
};

/** The constructors call these for each entry. */
const guardKeys = () => {
  for (const [owner, name] of [[Set.prototype, 'add'], [Map.prototype, 'set']]) {
    instead(owner, name, (builtin) => function (...args) {
      if (typeof args[0] === 'string') spend(args[0].length, 'a key of that length');
      return builtin(this, args);
    });
  }
};

/** Patterns are put together in more steps than they are long. */
const MAX_PATTERN = 10_000;
const guardPatterns = () => {
  const check = ([pattern]) => {
    if (typeof pattern === 'string' && pattern.length > MAX_PATTERN) {
      throw new RangeError(`a regular expression has at most ${MAX_PATTERN} characters`);
    }
  };
  const { construct } = Reflect;
  const Guarded = new Proxy(RegExp, {
    apply(builtin, self, args) {
      check(args);
      return apply(builtin, self, args);
    },
    construct(builtin, args, target) {
      check(args);
      return construct(builtin, args, target);
    },
  });
  Object.defineProperty(RegExp.prototype, 'constructor', { value: Guarded });
  delete RegExp.prototype.compile;
  Object.defineProperty(globalThis, 'RegExp', { value: Guarded });
};

/** Code is compiled only where there is room for whatever may come of it. */
const guardCode = () => {
  const check = (args) => {
    let length = 0;
    for (let index = 0; index < args.length; index += 1) if (typeof args[index] === 'string') length += args[index].length;
    native.checkRoomForCode(length);
  };
  instead(globalThis, 'eval', (builtin) => function (code) {
    check([code]);
    return builtin(undefined, [code]);
  });
  const { construct } = Reflect;
  // Objects are made texts first: what has been measured is what is compiled.
  const texts = (args) => {
    const given = [];
    for (let index = 0; index < args.length; index += 1) given[index] = `${args[index]}`;
    check(given);
    return given;
  };
  const guarded = (builtin) => {
    const Guarded = new Proxy(builtin, {
      apply: (_target, self, args) => apply(builtin, self, texts(args)),
      construct: (_target, args, target) => construct(builtin, texts(args), target),
    });
    Object.defineProperty(builtin.prototype, 'constructor', { value: Guarded });
    return Guarded;
  };
  const kinds = [async () => {}, function* () {}, async function* () {}].map((kind) => kind.constructor);
  const GuardedFunction = guarded(Function);
  Object.defineProperty(globalThis, 'Function', { value: GuardedFunction });
  for (const kind of kinds) Object.setPrototypeOf(guarded(kind), GuardedFunction);
};

guardLists();
guardCode();
guardKeys();
guardTexts();
guardPatterns();
instead(String, 'raw', (builtin) => (strings, ...rest) => {
  spend(steps(strings?.raw), 'a list of that length');
  return builtin(String, [strings, ...rest]);
});
instead(JSON, 'stringify', (builtin) => (value, replacer, ...rest) => {
  if (isArray(replacer)) spend(replacer.length * 1e5, 'a list of that many names');
  if (isArray(value)) spend(steps(value), 'a list of that length');
  return builtin(JSON, [value, replacer, ...rest]);
});
