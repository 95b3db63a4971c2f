/** What goes wrong between the console and its gateway, in one form. */

/** The members of problem+json (RFC 9457) that the gateway sends. */
interface ProblemBody {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly field?: string;
  readonly request_id?: string;
  readonly retryable?: boolean;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  /** 0 when no answer came. */
  readonly status: number;
  /** The last part of the problem's type: `not-found`, `conflict`, … */
  readonly code: string;
  readonly detail: string;
  readonly field: string | null;
  readonly requestId: string | null;
  readonly isRetryable: boolean;

  constructor(status: number, body: ProblemBody, options?: ErrorOptions) {
    const detail = body.detail ?? body.title ?? `the gateway answered ${status}`;
    super(detail, options);
    this.status = status;
    this.code = body.type?.split('/').at(-1) || (status === 0 ? 'unreachable' : 'unknown');
    this.detail = detail;
    this.field = body.field ?? null;
    this.requestId = body.request_id ?? null;
    this.isRetryable = body.retryable ?? status === 0;
  }
}

/** The problem that an answer tells of, whatever its body is. */
export async function problemIn(response: Response): Promise<Problem> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) return new Problem(response.status, body);
  } catch {
    // Not JSON: a proxy between us and the gateway said no.
  }
  return new Problem(response.status, { title: response.statusText || 'no answer' });
}

/** Anything thrown, as a problem that can be shown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new Problem(-1, { type: 'console', detail }, { cause: error });
}
