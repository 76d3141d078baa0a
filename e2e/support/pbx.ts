/** A call of the demo PBX. */
export interface PbxCall {
  id: string;
  from: string;
  to: string;
  legs: { extension: string; state: 'ringing' | 'held' | 'talking'; muted: boolean }[];
  digits: string;
}

/** An incoming call. By default, it rings at extension 101 until somebody picks up. */
export interface Ring {
  to?: string | string[];
  from?: string;
  name?: string;
  strategy?: 'all' | 'hunt';
  /** Seconds. */
  answerAfter?: number;
  giveUpAfter?: number;
  talkFor?: number;
}

/** Simulates clients and phones through the demo PBX's HTTP control. Methods return the PBX's id of the call. */
export class Pbx {
  constructor(private readonly url: string) {}

  ring = (ring: Ring = {}) => this.#post('/ring', ring);
  busy = (busy: Pick<Ring, 'from' | 'name'> & { to?: string } = {}) => this.#post('/busy', busy);
  dial = (dial: { extension?: string; number: string; giveUpAfter?: number }) => this.#post('/dial', dial);
  answer = (id: string, extension?: string) => this.#post(`/calls/${id}/answer`, { extension });
  /** Without an extension, the client hangs up. */
  hangUp = (id: string, extension?: string) => this.#post(`/calls/${id}/hangup`, { extension });
  hold = (id: string, hold: boolean) => this.#post(`/calls/${id}/hold`, { hold });
  redirect = (id: string, to: string) => this.#post(`/calls/${id}/redirect`, { to });
  transfer = (id: string, to: string) => this.#post(`/calls/${id}/transfer`, { to });

  /** The calls that are up. */
  async calls(): Promise<PbxCall[]> {
    const response = await fetch(`${this.url}/calls`);
    return (await response.json()) as PbxCall[];
  }

  async #post(path: string, body: object): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as { callId: string; error?: string };
    if (!response.ok) throw new Error(`the demo PBX refuses ${path}: ${answer.error}`);
    return answer.callId;
  }
}
