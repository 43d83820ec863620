import { describeSlowFaults } from './faults.ts';

describeSlowFaults('26.1');
