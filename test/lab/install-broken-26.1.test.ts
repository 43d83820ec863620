import { describeBroken } from './install-broken.ts';

describeBroken('26.1');
