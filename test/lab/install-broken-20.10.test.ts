import { describeBroken } from './install-broken.ts';

describeBroken('20.10');
