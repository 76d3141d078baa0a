import type { Schemas } from '$lib/api/client';
import type { Call } from '$lib/live/live.svelte';

/** A client's or a call's number. */
export type AnyNumber = Schemas['Phone'] | Schemas['ClientNumber'];
export type Target = Schemas['MakeCall'];

/** Where a number is stored: hidden numbers are called by this, since the browser does not know them. */
interface Place {
  clientId?: string | null;
  /** The number's position among the client's numbers. */
  position?: number;
  callId?: string;
}

/** The number to dial, copy or search for; undefined if hidden. */
export function digitsOf(number: AnyNumber): string | undefined {
  if (number.hidden) return undefined;
  return number.e164 ?? ('raw' in number ? number.raw : number.number);
}

/** The same followed by the extension, in the server's format. */
export function dialledOf(number: AnyNumber): string | undefined {
  const digits = digitsOf(number);
  return digits && 'extension' in number && number.extension ? `${digits};ext=${number.extension}` : digits;
}

/** Whether the number is withheld: there is nothing to call, copy or save then. */
export function isWithheld(number: AnyNumber | null | undefined): boolean {
  return !!number && 'withheld' in number && number.withheld;
}

/** The dial target of a number. */
export function targetOf(number: AnyNumber, { clientId, position, callId }: Place): Target {
  const phone = dialledOf(number);
  if (phone) return { phone, clientId };
  return position === undefined ? { callId } : { clientId, position };
}

/** Where a call's number is stored. */
export function placeOf(call: Call): Place {
  return { clientId: call.client?.id, callId: call.id };
}

/** The page for creating a client with a number; a hidden number is taken from the call. */
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
