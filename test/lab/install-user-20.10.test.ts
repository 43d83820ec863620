import { describeUserService } from './install-user.ts';

describeUserService('20.10');
