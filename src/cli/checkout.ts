// Where this program lies.
import { fileURLToPath } from 'node:url';

/** The folder that holds `package.json`. */
export const CHECKOUT: string = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
