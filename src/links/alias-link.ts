// What the supervisor tells control of aliases: all there are, whenever they change and whenever control starts.
import { mapOf, text } from '../formats/shape.ts';
import type { Link } from './link.ts';
import { aliasesChanged } from './messages.ts';

/** @param leads the instance that each alias leads to; empty: to none now */
export function sendAliases(link: Link | undefined, leads: Readonly<Record<string, string>>): void {
  link?.send(aliasesChanged, { aliases: leads });
}

/** To be called before anything is awaited: the supervisor tells of aliases right after the link is made. */
export function applyAliases(link: Link, changed: (aliases: ReadonlyMap<string, string>) => void): void {
  link.on(aliasesChanged, ({ aliases }) => changed(new Map(Object.entries(shape(aliases, 'aliases')))));
}

const shape = mapOf(text);
