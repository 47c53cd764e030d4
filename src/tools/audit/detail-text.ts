// What an entry says it was about, on one line for a person: `roleName=Managed HSM Administrator enabled: true → false`.
import { printableLine } from '../../formats/printable.ts';

/** What a line has room for; `--json` shows all of it. */
const LONGEST = 60;
const MOST_ITEMS = 4;

export function detailText(detail: unknown): string {
  return membersOf(detail)
    .flatMap(([name, value]) =>
      name === 'changes' ? membersOf(value).map(changeText) : [`${printableLine(name)}=${valueText(value)}`],
    )
    .join(' ');
}

function changeText([name, change]: readonly [string, unknown]): string {
  const parts = new Map(membersOf(change));
  // Of what has values that are told.
  if (parts.has('after')) {
    return `${printableLine(name)}: ${valueText(parts.get('before'))} → ${valueText(parts.get('after'))}`;
  }
  const told = [...parts].filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return `${printableLine(name)}: ${told.map(([how, value]) => `${printableLine(how)} ${valueText(value)}`).join(', ')}`;
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) {
    const shown = value.slice(0, MOST_ITEMS).map(valueText).join(',');
    return value.length > MOST_ITEMS ? `${shown},… (${value.length} in all)` : shown || '-';
  }
  if (typeof value === 'object') return '…';
  const text = printableLine(String(value as string | number | boolean));
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
