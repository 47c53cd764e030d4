// `$filter` of lists of resources, as far as clients send it: comparisons joined by `and`. Anything else is refused, never half
// understood: who deletes what a list names must not be shown more than was asked for.
import { ControlError } from '../../../http/control-row.ts';
import type { Tags } from '../resources.ts';

export interface Listed {
  readonly name: string;
  readonly type: string;
  readonly location: string;
  readonly resourceGroup: string;
  readonly tags: Tags;
}

type Matches = (resource: Listed) => boolean;

const COMPARED: Readonly<Record<string, (resource: Listed) => string>> = {
  name: ({ name }) => name,
  resourcetype: ({ type }) => type,
  resourcegroup: ({ resourceGroup }) => resourceGroup,
  location: ({ location }) => location,
};
// Quoted texts are taken out first and stand as their number: one may hold the word that joins.
const COMPARISON = /^(name|resourceType|resourceGroup|location)\s+(eq|ne)\s+'(\d+)'$/i;
const TAG = /^(tagName|tagValue)\s+eq\s+'(\d+)'$/i;
const TAG_START = /^startswith\(\s*tagName\s*,\s*'(\d+)'\s*\)$/i;
const PART = /^substringof\(\s*'(\d+)'\s*,\s*(name|resourceGroup)\s*\)$/i;
const LONGEST = 2_000;

/** @throws ControlError 400 */
export function readResourceFilter(filter: string | null): Matches {
  if (filter === null || filter.trim() === '') return () => true;
  if (filter.length > LONGEST) refuse(filter);
  const texts: string[] = [];
  const bare = filter.replaceAll(/'((?:[^']|'')*)'/g, (_quoted, text: string) => {
    texts.push(text.replaceAll("''", "'"));
    return `'${texts.length - 1}'`;
  });
  const textAt = (index = ''): string => texts[Number(index)] ?? '';
  const tag: { name?: Test; value?: Test } = {};
  const matches: Matches[] = [];
  for (const term of bare.trim().split(/\s+and\s+/i)) {
    const [, member = '', byValue] = TAG.exec(term) ?? [];
    const [, start] = TAG_START.exec(term) ?? [];
    const about = member.toLowerCase() === 'tagvalue' ? 'value' : 'name';
    if (member === '' && start === undefined) {
      matches.push(readTerm(term, textAt) ?? refuse(filter));
    } else if (tag[about] !== undefined) {
      refuse(filter);
    } else if (start !== undefined) {
      tag.name = (name) => name.toLowerCase().startsWith(textAt(start).toLowerCase());
    } else {
      const wanted = textAt(byValue);
      tag[about] = (text) => (about === 'value' ? text === wanted : isSame(text, wanted));
    }
  }
  // Both are about one and the same tag.
  if (tag.name !== undefined || tag.value !== undefined) {
    const isTag = ([name, value]: readonly [string, string]) =>
      tag.name?.(name) !== false && tag.value?.(value) !== false;
    matches.push(({ tags }) => Object.entries(tags).some(isTag));
  }
  return (resource) => matches.every((match) => match(resource));
}

type Test = (text: string) => boolean;

function readTerm(term: string, textAt: (index?: string) => string): Matches | undefined {
  const [, property = '', operator = '', wanted] = COMPARISON.exec(term) ?? [];
  const compared = COMPARED[property.toLowerCase()];
  if (compared !== undefined) {
    const isEqual = operator.toLowerCase() === 'eq';
    return (resource) => isSame(compared(resource), textAt(wanted)) === isEqual;
  }
  const [, part, within = ''] = PART.exec(term) ?? [];
  const searched = COMPARED[within.toLowerCase()];
  return searched && ((resource) => searched(resource).toLowerCase().includes(textAt(part).toLowerCase()));
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function refuse(filter: string): never {
  throw new ControlError(
    400,
    'InvalidFilterInQueryString',
    `Invalid $filter '${filter.slice(0, 200)}' specified in the query string: it is made of name, resourceType, resourceGroup ` +
      "or location with eq or ne, tagName and tagValue with eq, startswith(tagName, '…') and substringof('…', name), joined by and.",
  );
}
