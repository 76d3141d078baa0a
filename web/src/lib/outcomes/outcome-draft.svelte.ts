import { api, ask, type Schemas } from '$lib/api/client';

type OutcomeList = Schemas['OutcomeList'];

export interface CodeDraft {
  key: number;
  /** Undefined for a new outcome. */
  id: string | undefined;
  label: string;
}

/** An outcome list in its form. */
export class OutcomeDraft {
  name = $state('');
  required = $state(false);
  moduleIds = $state<string[]>([]);
  codes = $state<CodeDraft[]>([]);
  /** Undefined for a list that is not saved yet. */
  id = $state<string>();

  #saved = $state('');
  #keys = 0;

  constructor(list?: OutcomeList) {
    if (list) this.#keep(list);
    else this.add();
    this.#saved = JSON.stringify(this.#body);
  }

  get isDirty(): boolean {
    return JSON.stringify(this.#body) !== this.#saved;
  }

  add() {
    this.codes.push({ key: this.#keys++, id: undefined, label: '' });
  }

  remove(code: CodeDraft) {
    this.codes = this.codes.filter(({ key }) => key !== code.key);
  }

  move(from: number, to: number) {
    if (to < 0 || to >= this.codes.length) return;
    const [moved] = this.codes.splice(from, 1);
    if (moved) this.codes.splice(to, 0, moved);
  }

  async save() {
    const body = this.#body;
    const params = this.id && { path: { id: this.id } };
    const list = await ask(
      params ? api.PATCH('/api/v1/outcome-lists/{id}', { params, body }) : api.POST('/api/v1/outcome-lists', { body }),
    );
    this.#keep(list);
    this.#saved = JSON.stringify(this.#body);
  }

  async delete() {
    if (this.id) await ask(api.DELETE('/api/v1/outcome-lists/{id}', { params: { path: { id: this.id } } }));
  }

  get #body(): Schemas['CreateOutcomeList'] {
    const codes = this.codes.map(({ id, label }) => ({ id, label: label.trim() }));
    return { name: this.name.trim(), required: this.required, moduleIds: [...this.moduleIds], codes };
  }

  #keep({ id, name, required, moduleIds, codes }: OutcomeList) {
    this.id = id;
    this.name = name;
    this.required = required;
    this.moduleIds = [...moduleIds];
    this.codes = codes.map(({ id, label }) => ({ key: this.#keys++, id, label }));
  }
}
