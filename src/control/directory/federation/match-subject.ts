// Whether the subject of a foreign token is the one that a credential names. Exact, unless the credential says that it is a
// pattern: then `*` stands for one or more characters other than a colon, since issuers separate the parts of a subject by
// colons (`repo:org/name:ref:refs/heads/main`). No regular expressions, no backtracking; the whole subject must match.

export type SubjectMatch = 'exact' | 'pattern';

export function matchesSubject(
  rule: { readonly subject: string; readonly match: SubjectMatch },
  subject: string,
): boolean {
  if (rule.match === 'exact') return rule.subject === subject;
  const [wanted, given] = [rule.subject.split(':'), subject.split(':')];
  return wanted.length === given.length && wanted.every((part, index) => matchesPart(part, given[index] ?? ''));
}

/** Undefined: it can be used. */
export function wrongPattern(pattern: string): string | undefined {
  const [first = ''] = pattern.split(':');
  if (!pattern.includes('*')) return 'has no *: it is an exact subject';
  if (pattern.includes('**')) return 'has two * next to each other';
  if (first === '' || first.includes('*'))
    return 'must begin with a part without *: it would match subjects of any kind';
  return undefined;
}

function matchesPart(part: string, given: string): boolean {
  const [first = '', ...rest] = part.split('*');
  if (rest.length === 0) return part === given;
  const last = rest.pop() ?? '';
  if (!given.startsWith(first) || !given.endsWith(last)) return false;
  const end = given.length - last.length;
  let at = first.length;
  for (const literal of rest) {
    // One character at least for the * before it; the earliest place leaves the most for what follows.
    const found = given.indexOf(literal, at + 1);
    if (found < 0 || found + literal.length > end) return false;
    at = found + literal.length;
  }
  return end - at >= 1;
}
