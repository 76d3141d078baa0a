export async function VoipTestConnection(): Promise<VoipTestConnectionResult> { return { success: true, message: 'It works.' }; }
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  return typeof request.body === 'string' ? JSON.parse(request.body) : {};
}
export async function VoipGetMembers(): Promise<VoipMember[]> { return [{ id: '101', name: 'One' }, { id: '102', name: 'Two', email: 'two@example.org' }]; }
export async function VoipGenerateCall(...args: unknown[]): Promise<void> { console.info('VoipGenerateCall', JSON.stringify(args)); }
export async function VoipGetCallLink(callData: any): Promise<string> { return callData.link; }
export async function VoipAcceptCall(...args: unknown[]): Promise<void> { console.info('VoipAcceptCall', JSON.stringify(args)); }
export async function VoipHangupCall(...args: unknown[]): Promise<void> { console.info('VoipHangupCall', JSON.stringify(args)); }
export async function VoipRedirectCall(...args: unknown[]): Promise<void> { console.info('VoipRedirectCall', JSON.stringify(args)); }
export async function VoipHoldCall(...args: unknown[]): Promise<void> { console.info('VoipHoldCall', JSON.stringify(args)); }
