/** How often each fault is played: `LAB_ROUNDS=20` makes it twenty. */
export const rounds = Number(process.env.LAB_ROUNDS ?? 3);

/** Whether there is time for what takes long. */
export const soaking = rounds >= 20;
