import { m } from '$lib/paraglide/messages';

interface FieldProblem {
  path: string;
  detail: string;
}

export interface Diagnostic {
  line: number;
  column: number;
  message: string;
}

interface Fields {
  status: number;
  code: string;
  detail: string;
  path?: string;
  errors?: FieldProblem[];
  diagnostics?: Diagnostic[];
  function?: string;
  retryAfter?: number;
}

/** A problem reported by the server (RFC 9457), or a failure to reach it. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly path: string | undefined;
  readonly errors: FieldProblem[];
  readonly diagnostics: Diagnostic[];
  /** The module's function that failed or is missing. */
  readonly function: string | undefined;

  constructor({ status, code, detail, path, errors, diagnostics, function: name, retryAfter }: Fields) {
    super(sentence(code, detail, retryAfter));
    this.status = status;
    this.code = code;
    this.path = path;
    this.errors = errors ?? (path ? [{ path, detail: this.message }] : []);
    this.diagnostics = diagnostics ?? [];
    this.function = name;
  }

  static of(response: Response, body: unknown): Problem {
    const fields = typeof body === 'object' && body ? (body as Partial<Fields>) : {};
    const { code = response.status >= 500 ? 'unavailable' : 'unknown', detail = '' } = fields;
    const retryAfter = Number(response.headers.get('retry-after')) || undefined;
    return new Problem({ ...fields, status: response.status, code, detail, retryAfter });
  }

  /** The error of one form field. */
  at(path: string): string | undefined {
    return this.errors.find((error) => error.path === path)?.detail;
  }
}

/** The server's own messages are written for people; only a few need rephrasing in a browser. */
function sentence(code: string, detail: string, retryAfter: number | undefined): string {
  switch (code) {
    case 'unreachable':
      return m.error_unreachable();
    case 'notSignedIn':
      return m.error_not_signed_in();
    case 'tooMany':
      return m.error_too_many({ seconds: retryAfter ?? 60 });
    case 'internal':
      return m.error_internal();
    default:
      return detail || m.error_unknown();
  }
}

/** Whether nothing exists at an address. A 422 means that the address does not contain a valid id. */
export function isMissing(error: unknown): error is Problem {
  return error instanceof Problem && [404, 422].includes(error.status);
}

/** The message to show for anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error && error.message ? error.message : m.error_unknown();
}
