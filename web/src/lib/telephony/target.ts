import type { Schemas } from '$lib/api/client';
import type { Call } from '$lib/live/live.svelte';

/** A number as a client has it, or as a call came from it. */
export type AnyNumber = Schemas['Phone'] | Schemas['ClientNumber'];
export type Target = Schemas['MakeCall'];

/** Where a number stands: a hidden one is called by that, since the browser does not know it. */
interface Place {
  clientId?: string | null;
  /** Which of the client's numbers it is. */
  position?: number;
  callId?: string;
}

/** The number to be dialled, copied or looked for; none where it is hidden. */
export function digitsOf(number: AnyNumber): string | undefined {
  if (number.hidden) return undefined;
  return number.e164 ?? ('raw' in number ? number.raw : number.number);
}

/** The same with the extension behind it, as the server reads it. */
export function dialledOf(number: AnyNumber): string | undefined {
  const digits = digitsOf(number);
  return digits && 'extension' in number && number.extension ? `${digits};ext=${number.extension}` : digits;
}

/** Whether its caller withholds it: then there is nothing to call, to copy or to keep. */
export function isWithheld(number: AnyNumber | null | undefined): boolean {
  return !!number && 'withheld' in number && number.withheld;
}

/** What to call to reach that number. */
export function targetOf(number: AnyNumber, { clientId, position, callId }: Place): Target {
  const phone = dialledOf(number);
  if (phone) return { phone, clientId };
  return position === undefined ? { callId } : { clientId, position };
}

/** Where the number of a call stands. */
export function placeOf(call: Call): Place {
  return { clientId: call.client?.id, callId: call.id };
}

/** The page that makes a client of a number; a hidden one it gets from the call. */
export function newClientHref(given: {
  number?: AnyNumber;
  callId?: string;
  kind?: Schemas['ClientKind'];
  name?: string | null;
}): string {
  const { number, callId, kind, name } = given;
  const phone = number && digitsOf(number);
  const search = Object.entries({ phone, callId, kind, name }).flatMap(([key, value]) => (value ? [[key, value]] : []));
  return `/clients/new?${new URLSearchParams(search)}`;
}
