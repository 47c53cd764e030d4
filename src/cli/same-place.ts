// The options by which a command that is named next finds what this one has found, typed into the same shell: the instance,
// where it is, and whom it is asked as.
import { optionWords } from '../formats/own-command.ts';

/** Of a command that speaks to an instance. */
export function targetOptions({
  'hsm-name': name,
  data,
  url,
  ca,
  as,
}: Readonly<Partial<Record<'hsm-name' | 'data' | 'url' | 'ca' | 'as', string | undefined>>>): string {
  return optionWords({ 'hsm-name': url === undefined ? name : undefined, data, url, ca, as });
}

/**
 * What the supervisor says of an instance that does not serve, with --data where this call had one. Who reads it elsewhere, in
 * an answer of the API for instance, has no use for a folder, so it is not said there.
 */
export function messageHere(message: string, name: string, data: string | undefined): string {
  const ends = new RegExp(`(\\./strongroom (?:instance (?:start|stop)|unlock|seal change) ${name})(?![\\w-])`, 'g');
  return message.replaceAll(ends, (words) => words + optionWords({ data }));
}
