// The headers of an answer that is not the last word: where to ask for it, and after how many seconds.
import type { RowRequest } from './route.ts';

/** @param path begins with `/`: clients call the address as it is */
export function pollAt(
  { spelledOrigin }: Pick<RowRequest<unknown>, 'spelledOrigin'>,
  path: string,
  seconds: '1' | '10',
): Readonly<Record<string, string>> {
  return { 'Azure-AsyncOperation': `${spelledOrigin}${path}`, 'Retry-After': seconds };
}
