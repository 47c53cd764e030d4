// The pages about what custodians do, and what a recovery takes, as their readers follow them.
import { skipUnless } from '../system-programs.ts';
import { followGroup } from './groups.ts';

followGroup('custodians', skipUnless('az'));
