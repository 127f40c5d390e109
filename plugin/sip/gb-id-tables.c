/* gb-id-tables.c
 * Names of the codes inside a GB/T 28181 identifier: device type (digits 11-13), industry (9-10), network (14). The
 * 2016 edition, and behind it what the 2022 edition and newer lists add or change; where two say different things for
 * one code, both stand in the name. Ranges without a name of their own are in gb-id.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gb-id.h"

const struct hik_code_name hik_gb_id_types[] = {
    /* front-end main devices */
    { 111, "DVR" },
    { 112, "Video server" },
    { 113, "Encoder" },
    { 114, "Decoder" },
    { 115, "Video switching matrix" },
    { 116, "Audio switching matrix" },
    { 117, "Alarm controller" },
    { 118, "NVR" },
    { 119, "Reserved (newer list) / hybrid recorder (some older products)" },
    { 120, "On-line image acquisition system" },
    { 121, "Video checkpoint (newer list) / video splitter (some vendors)" },
    { 122, "Multi-lens device" },
    { 123, "Parking gate controller" },
    { 124, "Personnel gate controller" },
    { 125, "Security inspection device" },
    { 130, "Hybrid recorder (HVR)" },
    /* front-end peripherals */
    { 131, "Camera" },
    { 132, "IP camera (IPC)" },
    { 133, "Display" },
    { 134, "Alarm input device" },
    { 135, "Alarm output device" },
    { 136, "Audio input device" },
    { 137, "Audio output device" },
    { 138, "Mobile transmission unit" },
    { 139, "Other peripheral" },
    { 140, "Alarm output device (relay)" },
    { 141, "Barrier gate" },
    { 142, "Smart door" },
    { 143, "Credential reader" },
    /* platform */
    { 200, "Central signalling server" },
    { 201, "Web application server" },
    { 202, "Media distribution server" },
    { 203, "Proxy server" },
    { 204, "Security server" },
    { 205, "Alarm server" },
    { 206, "Database server" },
    { 207, "GIS server" },
    { 208, "Management server" },
    { 209, "Access gateway" },
    { 210, "Media storage server" },
    { 211, "Signalling security routing gateway" },
    { 212, "VOD server (some vendors)" },
    { 213, "Upgrade centre (some vendors)" },
    { 214, "Upgrade server (some vendors)" },
    { 215, "Business group" },
    { 216, "Virtual organisation" },
    { 220, "Extended platform (some vendors)" },
    /* users */
    { 300, "Centre user" },
    { 400, "Terminal user" },
    /* servers outside the platform */
    { 500, "Integrated application platform (signalling server)" },
    { 501, "Operation and maintenance platform (signalling server)" },
    { 502, "Image analysis system" },
    { 503, "Image database" },
    { 505, "Image analysis device" },
    { 0, NULL }
};

const struct hik_code_name hik_gb_id_industries[] = {
    { 0, "Public security, roads" },
    { 1, "Public security, communities" },
    { 2, "Public security, internal" },
    { 3, "Public security, other" },
    { 4, "Traffic, roads" },
    { 5, "Traffic, checkpoints" },
    { 6, "Traffic, internal" },
    { 7, "Traffic, other" },
    { 8, "City management" },
    { 9, "Health and environment" },
    { 10, "Commodity inspection and customs" },
    { 11, "Education" },
    { 12, "Reserved (2016) / civil aviation (newer list)" },
    { 13, "Reserved (2016) / railway (newer list)" },
    { 14, "Reserved (2016) / shipping (newer list)" },
    { 40, "Agriculture, forestry, husbandry, fishery" },
    { 41, "Mining" },
    { 42, "Manufacturing" },
    { 43, "Metallurgy (2016) / electricity, heat, gas, water (newer list)" },
    { 44, "Electric power (2016) / construction (newer list)" },
    { 45, "Gas (2016) / wholesale and retail (newer list)" },
    { 46, "Construction (2016) / transport, storage, post (newer list)" },
    { 47, "Logistics (2016) / hotels and catering (newer list)" },
    { 48, "Post (2016) / information, software, IT (newer list)" },
    { 49, "Information (2016) / finance (newer list)" },
    { 50, "Hotels and catering (2016) / real estate (newer list)" },
    { 51, "Finance (2016) / leasing and business services (newer list)" },
    { 52, "Real estate (2016) / scientific research and technical services (newer list)" },
    { 53, "Business services (2016) / water, environment, public facilities (newer list)" },
    { 54, "Water conservancy (2016) / residents' services, repair (newer list)" },
    { 55, "Entertainment (2016) / education (newer list)" },
    { 56, "Reserved (2016) / health and social work (newer list)" },
    { 57, "Reserved (2016) / culture, sport, entertainment (newer list)" },
    { 58, "Reserved (2016) / public administration, social security (newer list)" },
    { 59, "Reserved (2016) / international organisations (newer list)" },
    { 0, NULL }
};

const struct hik_code_name hik_gb_id_networks[] = {
    { 0, "Surveillance and alarm private network (2016) / police video transmission network (2022)" },
    { 1, "Surveillance and alarm private network (2016) / police video transmission network (2022)" },
    { 2, "Surveillance and alarm private network (2016) / industry private network (2022)" },
    { 3, "Surveillance and alarm private network (2016) / political and legal network (2022)" },
    { 4, "Surveillance and alarm private network (2016) / police mobile network (2022)" },
    { 5, "Public security information network" },
    { 6, "Government network (2016) / e-government extranet (2022)" },
    { 7, "Internet" },
    { 8, "Social resources access network (2016) / leased line (2022)" },
    { 9, "Reserved" },
    { 0, NULL }
};
