// One line on stderr for what an operator should see. Names, codes and texts of errors; never payloads, which may be
// secret.
import { printableJson } from '../formats/printable.ts';

export function reportFailure(what: string, error: unknown): void {
  const causes: object[] = [];
  for (let cause = error, depth = 0; cause instanceof Error && depth < 4; cause = cause.cause, depth++) {
    const { code } = cause as { code?: unknown };
    causes.push({
      name: cause.name,
      ...(typeof code === 'string' ? { code } : {}),
      message: cause.message,
      ...(depth === 0 ? { at: cause.stack?.split('\n')[1]?.trim() } : {}),
    });
  }
  process.stderr.write(printableJson({ time: new Date().toISOString(), failure: what, causes }, 0));
}
