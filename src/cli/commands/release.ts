import type { Command } from '../command.ts';
import { authority } from './release/authority.ts';
import { check } from './release/check.ts';
import { open as openRelease } from './release/open.ts';
import { simulate } from './release/simulate.ts';
import { token } from './release/token.ts';
import { trust } from './release/trust.ts';

export const commands: readonly Command[] = [check, simulate, authority, token, trust, openRelease];
