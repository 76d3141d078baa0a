// Namespace and the contract's enums.

const environment = JSON.parse(native.environment);

const deepFreeze = (value) => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
};

const storage = Object.freeze({
  async get(key) {
    const json = await operation(() => native.storage('get', text(key)));
    return json === undefined ? undefined : JSON.parse(json);
  },
  async set(key, value, options = {}) {
    const json = JSON.stringify(value);
    if (json === undefined) throw new TypeError('a stored value must be what JSON can hold; use delete to remove one');
    await operation(() => native.storage('set', text(key), json, options.ttlSeconds));
  },
  async delete(key) {
    await operation(() => native.storage('delete', text(key)));
  },
});

const Namespace = Object.freeze({
  params: Object.freeze({ data: deepFreeze(environment.settings) }),
  services: Object.freeze(Object.fromEntries(
    environment.services.map((name) => [name, Object.freeze({ fetch: serviceFetch(name) })]),
  )),
  storage,
});

/** `{ NotifyStart: 'notifyStart', … }` */
const enumOf = (...names) =>
  Object.freeze(Object.fromEntries(names.map((name) => [name, name[0].toLowerCase() + name.slice(1)])));

const VoipCallDirection = enumOf('In', 'Out', 'Internal');
const VoipWebhookEvent =
  enumOf('NotifyStart', 'NotifyAnswer', 'NotifyHold', 'NotifyUnhold', 'NotifyRedirect', 'NotifyEnd');
const VoipCallDisposition = enumOf('Unknown', 'Answered', 'NoAnswer', 'Busy', 'Cancelled', 'Failed', 'Voicemail');
