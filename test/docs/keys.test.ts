// The pages about keys and what may be done with them, as their readers follow them.
import { skipUnless } from '../system-programs.ts';
import { followGroup } from './groups.ts';

followGroup('keys', skipUnless('az'));
