// What providers make scripts need: local times, forms, XML.

const { Date: Moment } = globalThis;

const zonedTime = (local, timeZone) => new Moment(native.zonedTime(text(local), text(timeZone)));

const escapeXml = (value) => native.escapeXml(text(value));

const formFields = (request) => {
  if (!isObject(request)) throw new TypeError('formFields needs the request as received');
  const { headers, body = '' } = request;
  const type = text(headers?.['content-type'] ?? '');
  return new URLSearchParams(native.formQuery(type, bytesOf(body ?? '', 'the body')));
};
