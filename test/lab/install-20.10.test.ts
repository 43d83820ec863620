import { describeInstall } from './install.ts';

describeInstall('20.10');
