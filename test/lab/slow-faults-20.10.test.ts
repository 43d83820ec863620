import { describeSlowFaults } from './faults.ts';

describeSlowFaults('20.10');
