// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/** The ten time-of-day registers of an MC146818 (Motorola data sheet, table 1) as they lie in CMOS memory. */
final class CalendarRegisters {
    static final int SECONDS = 0x00;
    static final int SECONDS_ALARM = 0x01;
    static final int MINUTES = 0x02;
    static final int MINUTES_ALARM = 0x03;
    static final int HOURS = 0x04;
    static final int HOURS_ALARM = 0x05;
    static final int DAY_OF_WEEK = 0x06;
    static final int DAY_OF_MONTH = 0x07;
    static final int MONTH = 0x08;
    static final int YEAR = 0x09;
    /** By convention of the PC, not of the chip. */
    static final int CENTURY = 0x32;

    private static final int AFTERNOON = 0x80;
    private static final int ANY = 0xC0;
    private static final int SECONDS_PER_MINUTE = 60;
    private static final int SECONDS_PER_HOUR = 3600;
    private static final int SECONDS_PER_DAY = 86_400;
    /** More steps than it takes from any second to the next that an alarm can match. */
    private static final int ALARM_STEPS = 300;

    private CalendarRegisters() {}

    static boolean holdsTime(int index) {
        return switch (index) {
            case SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, CENTURY -> true;
            default -> false;
        };
    }

    /** How numbers are written: binary or BCD, 24 hours or 12. */
    record Format(boolean binary, boolean hours24) {
        private int encode(int value) {
            return binary ? value : value / 10 << 4 | value % 10;
        }

        private int decode(int value) {
            return binary ? value : (value >> 4) * 10 + (value & 15);
        }

        private int encodeHour(int hour) {
            if (hours24) {
                return encode(hour);
            }
            int twelve = hour % 12 == 0 ? 12 : hour % 12;
            return encode(twelve) | (hour >= 12 ? AFTERNOON : 0);
        }

        private int decodeHour(int value) {
            if (hours24) {
                return decode(value);
            }
            return decode(value & ~AFTERNOON) % 12 + ((value & AFTERNOON) != 0 ? 12 : 0);
        }
    }

    /** Writes {@code epochSecond} into the registers of {@code cmos}. */
    static void store(long epochSecond, Format format, byte[] cmos) {
        LocalDateTime time = LocalDateTime.ofEpochSecond(epochSecond, 0, ZoneOffset.UTC);
        cmos[SECONDS] = (byte) format.encode(time.getSecond());
        cmos[MINUTES] = (byte) format.encode(time.getMinute());
        cmos[HOURS] = (byte) format.encodeHour(time.getHour());
        cmos[DAY_OF_WEEK] = (byte) format.encode(time.getDayOfWeek().getValue() % 7 + 1);
        cmos[DAY_OF_MONTH] = (byte) format.encode(time.getDayOfMonth());
        cmos[MONTH] = (byte) format.encode(time.getMonthValue());
        int year = Math.floorMod(time.getYear(), 10_000);
        cmos[YEAR] = (byte) format.encode(year % 100);
        cmos[CENTURY] = (byte) format.encode(year / 100);
    }

    /** The time that the registers of {@code cmos} show; a date that does not exist runs over into the next month. */
    static long load(Format format, byte[] cmos) {
        int century = format.decode(cmos[CENTURY] & 0xFF);
        int year = century * 100 + format.decode(cmos[YEAR] & 0xFF);
        return LocalDate.of(year, 1, 1)
                .plusMonths(format.decode(cmos[MONTH] & 0xFF) - 1L)
                .plusDays(format.decode(cmos[DAY_OF_MONTH] & 0xFF) - 1L)
                .atStartOfDay()
                .plusHours(format.decodeHour(cmos[HOURS] & 0xFF))
                .plusMinutes(format.decode(cmos[MINUTES] & 0xFF))
                .plusSeconds(format.decode(cmos[SECONDS] & 0xFF))
                .toEpochSecond(ZoneOffset.UTC);
    }

    /** The first second after {@code epochSecond} that the alarm registers match, or {@code Long.MAX_VALUE}. */
    static long nextAlarm(long epochSecond, Format format, byte[] cmos) {
        int second = cmos[SECONDS_ALARM] & 0xFF;
        int minute = cmos[MINUTES_ALARM] & 0xFF;
        int hour = cmos[HOURS_ALARM] & 0xFF;
        long time = epochSecond + 1;
        for (int i = 0; i < ALARM_STEPS; i++) {
            int ofDay = (int) Math.floorMod(time, (long) SECONDS_PER_DAY);
            if (hour < ANY && format.decodeHour(hour) != ofDay / SECONDS_PER_HOUR) {
                time += SECONDS_PER_HOUR - ofDay % SECONDS_PER_HOUR;
            } else if (minute < ANY && format.decode(minute) != ofDay / SECONDS_PER_MINUTE % 60) {
                time += SECONDS_PER_MINUTE - ofDay % SECONDS_PER_MINUTE;
            } else if (second < ANY && format.decode(second) != ofDay % SECONDS_PER_MINUTE) {
                time++;
            } else {
                return time;
            }
        }
        return Long.MAX_VALUE;
    }
}
