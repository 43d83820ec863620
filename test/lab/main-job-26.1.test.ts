import { describeMainJob } from './main-job.ts';

describeMainJob('26.1');
