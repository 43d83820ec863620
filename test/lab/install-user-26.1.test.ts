import { describeUserService } from './install-user.ts';

describeUserService('26.1');
