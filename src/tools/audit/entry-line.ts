// An entry as one line for a person: when, what came of it, what was asked, for which key, by whom, and what it was about.
import { printableLine } from '../../formats/printable.ts';
import { detailText } from './detail-text.ts';

/** Headings of its columns; what follows the last of them has none. */
export const ENTRY_HEADINGS: string = [
  'index'.padStart(8),
  'time'.padEnd(24),
  ' st',
  'operation'.padEnd(22),
  'about'.padEnd(28),
  'caller'.padEnd(36),
  'address',
].join('  ');

export function entryLine(index: number, entry: Readonly<Record<string, unknown>>): string {
  const text = (name: string): string => lineOf(entry[name]);
  const subject = text('key') || text('scope') || pathOf(text('requestUri'));
  const detail = detailText((entry['properties'] as { readonly detail?: unknown } | null | undefined)?.detail);
  return [
    String(index).padStart(8),
    text('time').padEnd(24),
    text('httpStatusCode').padStart(3),
    text('operationName').padEnd(22),
    subject.padEnd(28),
    callerOf(entry['identity']).padEnd(36),
    text('callerIpAddress').padEnd(7),
    // What no request asked for has no status.
    ...(text('httpStatusCode') === '' && text('resultType') === 'Failed' ? [text('resultSignature')] : []),
    ...(text('decision') === 'allow' || text('decision') === '' ? [] : [text('decision')]),
    ...(detail === '' ? [] : [detail]),
  ]
    .join('  ')
    .trimEnd();
}

function lineOf(value: unknown): string {
  return value === undefined || value === null ? '' : printableLine(String(value));
}

function pathOf(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).pathname : uri;
}

/** Object id, else application id, of the JSON text that `identity` is. */
function callerOf(identity: unknown): string {
  try {
    const { claim } = JSON.parse(String(identity)) as { claim?: Record<string, unknown> };
    const claims = (claim?.['http_schemas_microsoft_com_identity'] as { claims?: Record<string, unknown> } | undefined)
      ?.claims;
    return lineOf(claims?.['objectidentifier'] ?? claim?.['appid'] ?? '-');
  } catch {
    // An identity that does not read is shown as missing.
    return '-';
  }
}
