/* terminal.h
 * The one place that asks the operating system something that GLib and Wireshark do not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TERMINAL_H
#define HIK_TERMINAL_H

/* Places in a line of the terminal that standard output goes to; 0 if it goes elsewhere. */
int hik_terminal_width(void);

#endif
