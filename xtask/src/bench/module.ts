// The benchmark's provider: one small JSON body per telephony event.

interface Notice {
  event: 'start' | 'answer' | 'end'
  id: string
  from: string
  to: string
}

const EVENTS = {
  start: VoipWebhookEvent.NotifyStart,
  answer: VoipWebhookEvent.NotifyAnswer,
  end: VoipWebhookEvent.NotifyEnd,
}

function VoipTestConnection(): VoipTestConnectionResult {
  return { success: true }
}

function VoipParseWebhookRequest(request: FetchRequest): VoipWebhookParseResult {
  const notice: Notice = JSON.parse(request.body as string)
  return {
    event: {
      event: EVENTS[notice.event],
      direction: VoipCallDirection.In,
      disposition: notice.event === 'end' ? VoipCallDisposition.Answered : VoipCallDisposition.Unknown,
      srcPhone: notice.from,
      dstPhone: notice.to,
      callId: notice.id,
    },
  }
}

function VoipGetMembers(): VoipMember[] {
  return []
}

function VoipGenerateCall(_srcPhone: string, _dstPhone: string): void {}

function VoipGetCallLink(_callData: unknown): string {
  return ''
}
