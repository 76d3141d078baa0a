async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
    const response = await fetch(`${Namespace.params.data.apiUrl}/ping`, { headers: { 'X-Key': Namespace.params.data.apiKey } });
    return { success: response.ok };
}

async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
    if (typeof request.body !== 'string') {
        return {};
    }
    if (!request.body.startsWith('{')) {
        return { response: new HttpResponse().status(400).content('Hello, world!') };
    }
    const data = JSON.parse(request.body);
    if (data.type === 'record') {
        return {
            callRecord: {
                srcPhone: data.srcPhone,
                dstPhone: data.dstPhone,
                direction: VoipCallDirection.In,
                duration: data.duration,
                call: { link: data.callLink },
                disposition: VoipCallDisposition.Answered,
            },
        };
    }
    const events: Record<string, VoipWebhookEvent> = {
        start: VoipWebhookEvent.NotifyStart,
        answer: VoipWebhookEvent.NotifyAnswer,
        hold: VoipWebhookEvent.NotifyHold,
        unhold: VoipWebhookEvent.NotifyUnhold,
        end: VoipWebhookEvent.NotifyEnd,
    };
    return {
        event: {
            event: events[data.type],
            direction: VoipCallDirection.In,
            dstPhone: data.dstPhone,
            srcPhone: data.srcPhone,
            disposition: VoipCallDisposition.Unknown,
        },
    };
}

async function VoipGetMembers(): Promise<VoipMember[]> {
    const response = await fetch(`${Namespace.params.data.apiUrl}/users`);
    return await response.json();
}

async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
    await fetch(`${Namespace.params.data.apiUrl}/calls`, { method: 'POST', body: JSON.stringify({ srcPhone, dstPhone }) });
}

async function VoipGetCallLink(callData: any): Promise<string> {
    return callData.link;
}

async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
    console.log(webhookUrl);
}

async function VoipHangupCall(srcPhone: string, dstPhone: string): Promise<void> {
    await fetch(`${Namespace.params.data.apiUrl}/hangup`, { method: 'POST', body: JSON.stringify({ srcPhone, dstPhone }) });
}
