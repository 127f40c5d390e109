/* stock.c
 * Calling stock dissectors from inside ours.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stock.h"

#include <epan/show_exception.h>

bool hik_stock_wants_experts(void)
{
    static int tap = -1; /* the same for the life of the program */

    if (tap == -1)
        tap = find_tap_id("expert");
    return tap > 0 && have_tap_listener(tap);
}

int hik_stock_call(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    volatile int length = 0;

    TRY {
        length = call_dissector(handle, tvb, pinfo, tree);
    }
    CATCH_NONFATAL_ERRORS {
        show_exception(tvb, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
        length = (int)tvb_captured_length(tvb);
    }
    ENDTRY;
    return length;
}
