import { describeInstall } from './install.ts';

describeInstall('26.1');
