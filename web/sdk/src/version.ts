/** The package's version, told to the server with each call. */
export const VERSION = "0.1.0";
