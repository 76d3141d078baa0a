// A telephony module. hookswitch.d.ts declares what scripts can use in addition to the language itself.
//
// `hookswitch module check` shows which functions are implemented; `hookswitch module test` runs the samples, scenarios and
// conformance checks.

interface Settings { apiUrl: string; apiKey: string; webhookSecret: string }
const settings = Namespace.params.data as unknown as Settings;

// ---- Required -------------------------------------------------------------------------------------------------------

/** Called for each request to the module's webhook URL; returns what it means. */
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  if (!(await isSigned(request))) {
    return { response: new HttpResponse().status(401).json({ error: 'The signature is missing or wrong.' }) };
  }
  const hook = hookIn(request);
  if (!hook) {
    return {}; // not a message that this module knows
  }
  const numbers = {
    callId: hook.call, // keeps two calls between the same two numbers apart
    direction: VoipCallDirection.In,
    srcPhone: hook.from, // in: the client
    dstPhone: hook.to, // in: the company's number, or the operator's
    srcPhoneExt: hook.extension, // in: the operator's extension, if dstPhone is the company's number
    // out: srcPhone is the operator or the company's number, dstPhoneExt the operator's extension, dstPhone the client
  };
  const disposition = VoipCallDisposition.Unknown;
  switch (hook.type) {
    case 'ringing':
      return { event: { event: VoipWebhookEvent.NotifyStart, disposition, ...numbers } };
    case 'answered':
      return { event: { event: VoipWebhookEvent.NotifyAnswer, disposition, ...numbers } };
    case 'ended': {
      const ended = { disposition: VoipCallDisposition.Answered, ...numbers };
      return {
        event: { event: VoipWebhookEvent.NotifyEnd, ...ended },
        // Talk time in seconds, and the argument for VoipGetCallLink. May also come in a later request.
        callRecord: { duration: hook.seconds ?? 0, call: hook.recording, ...ended },
      };
    }
    default:
      return {}; // not a call
  }
}

/**
 * Anyone may learn the URL, so the provider proves itself with the HMAC-SHA256 of the body, in base64; `sign` in the samples
 * does the same. If the provider does not sign its requests, remove this function, the setting and each `sign`.
 */
async function isSigned(request: FetchRequest): Promise<boolean> {
  if (!settings.webhookSecret) {
    return false;
  }
  const hmac = await crypto.hmac('SHA-256', settings.webhookSecret, request.body ?? '');
  return crypto.timingSafeEqual(hmac.toBase64(), request.headers['x-signature']);
}

/** What the provider posts. */
interface Hook {
  type: string; call: string; from: string; to: string; extension?: string; seconds?: number; recording?: string;
}

/** Anyone can send anything, so what is not a hook must not become a server error. */
function hookIn(request: FetchRequest): Hook | undefined {
  try {
    const hook = JSON.parse(String(request.body)) as Partial<Hook> | null;
    return hook?.type && hook.call ? hook as Hook : undefined;
  } catch {
    return undefined; // not JSON
  }
}

/** *Test connection*: tells the administrator whether the settings are right. */
export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    await api('GET', '/account');
    return { success: true, message: 'Connected.' };
  } catch (error) {
    return { success: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Lists the provider's users. `id` is what appears in the events: an extension, or another id at the provider. */
export async function VoipGetMembers(): Promise<VoipMember[]> {
  const users = await api<{ extension: string; name: string; email?: string }[]>('GET', '/users');
  return users.map(({ extension, name, email }) => ({ id: extension, name, email }));
}

/** The call button: rings the operator, then the number. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  await api('POST', '/calls', { extension: srcPhone, number: dstPhone });
}

/** Returns a recording's URL, to play it. `callData` is the `call` of the callRecord above. */
export async function VoipGetCallLink(callData: any): Promise<string> {
  const { url } = await api<{ url: string }>('GET', `/recordings/${encodeURIComponent(callData)}`);
  return url;
}

// ---- Optional: a button whose function is missing is not shown -------------------------------------------------------
// Uncomment what the provider supports. `call` identifies the call; errors are shown to the operator.

// /** The module's webhook URL has changed: tells the provider. */
// export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
//   await api('PUT', '/webhook', { url: webhookUrl });
// }

// export async function VoipAcceptCall(srcPhone: string, dstPhone: string, call: VoipCallContext): Promise<void> {
//   await api('POST', `/calls/${call.callId}/accept`, { extension: call.operator.extension });
// }

// export async function VoipHangupCall(srcPhone: string, dstPhone: string, call: VoipCallContext): Promise<void> {
//   await api('POST', `/calls/${call.callId}/hangup`);
// }

// export async function VoipRedirectCall(srcPhone: string, dstPhone: string, redirectTo: string, call: VoipCallContext): Promise<void> {
//   await api('POST', `/calls/${call.callId}/redirect`, { to: redirectTo });
// }

// export async function VoipHoldCall(srcPhone: string, dstPhone: string, hold: boolean, call: VoipCallContext): Promise<void> {
//   await api('POST', `/calls/${call.callId}/${hold ? 'hold' : 'resume'}`);
// }

// export async function VoipMuteCall(srcPhone: string, dstPhone: string, mute: boolean, call: VoipCallContext): Promise<void> {
//   await api('POST', `/calls/${call.callId}/mute`, { mute });
// }

// export async function VoipSendDtmf(srcPhone: string, dstPhone: string, digits: string, call: VoipCallContext): Promise<void> {
//   await api('POST', `/calls/${call.callId}/dtmf`, { digits });
// }

// export async function VoipAttendedTransfer(srcPhone: string, dstPhone: string, redirectTo: string, call: VoipCallContext): Promise<void> {
//   await api('POST', `/calls/${call.callId}/transfer`, { to: redirectTo });
// }

// ---- The provider's API ----------------------------------------------------------------------------------------------

async function api<T = unknown>(method: string, path: string, body?: object): Promise<T> {
  // Each error is a sentence that an operator or administrator can act on.
  const response = await fetch(settings.apiUrl + path, {
    method,
    headers: { authorization: `Bearer ${settings.apiKey}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  }).catch((error) => {
    console.warn('The PBX cannot be reached:', error); // the cause is for the log
    throw new Error('The PBX cannot be reached: try again later.');
  });
  if (response.status === 401 || response.status === 403) {
    throw new Error('The PBX did not accept the API key: check it in the module\'s settings.');
  }
  if (!response.ok) {
    throw new Error(`The PBX refused the request (status ${response.status}).`);
  }
  return await response.json().catch(() => {
    throw new Error('The PBX answered with something that it should not: check its address in the module\'s settings.');
  }) as T;
}
