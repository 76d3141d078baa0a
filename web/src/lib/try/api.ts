import { ask } from '$lib/api/client';

/** What the panel can have played. */
export type Scene =
  | 'ringMe'
  | 'ringBoth'
  | 'busy'
  | 'missed'
  | 'internal'
  | 'clientHangsUp'
  | 'colleagueAnswers'
  | 'answerOnPhone'
  | 'hangUpOnPhone'
  | 'holdOnPhone'
  | 'resumeOnPhone'
  | 'transferToColleague'
  | 'attendedTransferToColleague'
  | 'colleagueTransfersToMe';

/** A phone that has a part in a call. */
export interface DemoPhone {
  number: string;
  name: string;
  state: 'ringing' | 'talking' | 'held';
}

/** A call of the simulated PBX. */
export interface DemoCall {
  callId: string;
  /** Numbers as people read them. */
  from: string;
  to: string;
  extensions: DemoPhone[];
}

/** The simulated PBX, as the signed-in user's phone sees it. */
export interface DemoState {
  /** The extension that the scenes are about. */
  extension: string;
  /** The scenes that can be played now. */
  scenes: Scene[];
  calls: DemoCall[];
}

/** The simulated PBX now. A problem with status 404 where the server runs without one. */
export const demoState = () => send('GET', 'state');

/** Plays a scene. */
export const playScene = (scene: Scene) => send('POST', `scenes/${scene}`);

/** These routes are not part of the API, which `openapi.json` describes. */
async function send(method: string, path: string): Promise<DemoState> {
  return ask<DemoState>(fetch(`/demo/${path}`, { method }).then(read));
}

async function read(response: Response) {
  const body: unknown = await response.json().catch(() => undefined);
  return response.ok ? { data: body as DemoState, response } : { error: body, response };
}
