import { describeContainerEvents } from './container-events.ts';

describeContainerEvents('20.10');
