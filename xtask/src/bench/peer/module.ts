// The bridge's provider as a module: every webhook begins a call. The other functions are there because a module must have them.

function VoipParseWebhookRequest(request: FetchRequest): VoipWebhookParseResult {
  const notice = JSON.parse(request.body as string)
  return {
    event: {
      event: VoipWebhookEvent.NotifyStart,
      direction: VoipCallDirection.In,
      disposition: VoipCallDisposition.Unknown,
      srcPhone: notice.caller_id,
      dstPhone: notice.internal,
      callId: notice.pbx_call_id,
    },
  }
}

function VoipTestConnection(): VoipTestConnectionResult {
  return { success: true }
}

function VoipGetMembers(): VoipMember[] {
  return []
}

function VoipGenerateCall(_srcPhone: string, _dstPhone: string): void {}

function VoipGetCallLink(_callData: unknown): string {
  return ''
}
