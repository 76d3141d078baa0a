import type { Client, ClientKind, Phone } from './clients';

export interface PhoneRow {
  key: number;
  label: string;
  number: string;
  /** A number that is hidden from this user: it can only be kept or removed. */
  kept?: { position: number; formatted: string };
}

export interface EmailRow {
  key: number;
  address: string;
}

/** An existing company, or one to be created with that name, which has no id yet. */
export interface CompanyChoice {
  id?: string;
  name: string;
}

/** Details typed for a new client before it turned out to exist already. */
export interface Addition {
  name: string;
  phones: { label: string; number: string; e164: string | null }[];
  emails: string[];
  tags: string[];
  notes: string;
  /** The call from which the form was opened. */
  callId: string | undefined;
}

/** A client's fields in the form. */
export class ClientDraft {
  kind = $state<ClientKind>('contact');
  name = $state('');
  company = $state.raw<CompanyChoice | null>(null);
  /** A user's id; empty for nobody. */
  responsibleId = $state('');
  phones = $state<PhoneRow[]>([]);
  emails = $state<EmailRow[]>([]);
  tags = $state.raw<string[]>([]);
  notes = $state('');

  #lastKey = 0;
  #saved = $state('');

  constructor(client?: Client) {
    if (client) this.#take(client);
    if (this.phones.length === 0) this.addPhone();
    if (this.emails.length === 0) this.addEmail();
    this.saved();
  }

  addPhone(number = '', label = '', kept?: PhoneRow['kept']) {
    this.phones.push({ key: ++this.#lastKey, label, number, kept });
  }

  addEmail(address = '') {
    this.emails.push({ key: ++this.#lastKey, address });
  }

  /** Adds missing details. Existing ones, above all the name, are kept. */
  add({ name, phones, emails, tags, notes }: Addition, known: Phone[]) {
    this.name ||= name;
    const isKnown = (number: string, e164: string | null) =>
      known.some((phone) => phone.number === number || (e164 !== null && phone.e164 === e164));
    const addresses = new Set(this.emails.map(({ address }) => address.toLowerCase()));
    this.phones = this.filledPhones;
    this.emails = this.filledEmails;
    for (const { number, label, e164 } of phones) if (!isKnown(number, e164)) this.addPhone(number, label);
    for (const address of emails) if (!addresses.has(address.toLowerCase())) this.addEmail(address);
    this.tags = [...new Set([...this.tags, ...tags])];
    this.notes = [this.notes, notes].filter(Boolean).join('\n');
  }

  /** Non-empty rows: these are sent, and the server's error indices refer to them. */
  get filledPhones(): PhoneRow[] {
    return this.phones.filter(({ number, kept }) => kept || number.trim());
  }

  get filledEmails(): EmailRow[] {
    return this.emails.filter(({ address }) => address.trim());
  }

  /** The request body. A new company must have been created before. */
  get fields() {
    return {
      kind: this.kind,
      name: this.name.trim(),
      companyId: (this.kind === 'company' ? undefined : this.company?.id) ?? null,
      responsibleId: this.responsibleId || null,
      phones: this.filledPhones.map(({ label, number, kept }) => ({
        ...(label.trim() && { label: label.trim() }),
        ...(kept ? { position: kept.position } : { number: number.trim() }),
      })),
      emails: this.filledEmails.map(({ address }) => address.trim()),
      tags: this.tags,
      notes: this.notes.trim() || null,
    };
  }

  get isDirty(): boolean {
    return this.#text !== this.#saved;
  }

  saved() {
    this.#saved = this.#text;
  }

  get #text(): string {
    return JSON.stringify([this.fields, this.company]);
  }

  #take(client: Client) {
    this.kind = client.kind;
    this.name = client.name;
    this.company = client.company ?? null;
    this.responsibleId = client.responsible?.id ?? '';
    client.phones.forEach(({ number, label, hidden, formatted }, position) =>
      this.addPhone(number, label ?? '', hidden ? { position, formatted } : undefined),
    );
    for (const address of client.emails) this.addEmail(address);
    this.tags = client.tags;
    this.notes = client.notes ?? '';
  }
}
