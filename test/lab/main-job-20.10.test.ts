import { describeMainJob } from './main-job.ts';

describeMainJob('20.10');
