// Placeholder until the adapter is written.
export const version = '0.1.0'
