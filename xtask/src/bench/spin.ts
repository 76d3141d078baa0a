// The noisy neighbour: every webhook burns CPU time until the limit stops it.

function VoipTestConnection(): VoipTestConnectionResult {
  return { success: true }
}

function VoipParseWebhookRequest(_request: FetchRequest): VoipWebhookParseResult {
  while (true) {}
}

function VoipGetMembers(): VoipMember[] {
  return []
}

function VoipGenerateCall(_srcPhone: string, _dstPhone: string): void {}

function VoipGetCallLink(_callData: unknown): string {
  return ''
}
