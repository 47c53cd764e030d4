// GUIDs as text (RFC 9562 §4), any version and variant; ours are kept in lower case.

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return text.length === 36 && GUID.test(text);
}
