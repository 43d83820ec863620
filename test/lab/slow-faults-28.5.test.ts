import { describeSlowFaults } from './faults.ts';

describeSlowFaults('28.5');
