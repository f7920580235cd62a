"""Units by their UCUM codes, each defined by others down to the base units (UCUM 2.1, tables 2 to 22, a selection)."""

from __future__ import annotations


def _table(text: str) -> dict[str, str]:
    """Rows of ``code = meaning``, separated by semicolons or ends of lines."""
    pairs = (row.split(" = ") for line in text.splitlines() for row in line.split("; ") if row.strip())
    return {code.strip(): meaning.strip() for code, meaning in pairs}


BASE = ("m", "s", "g", "rad", "K", "C", "cd", "mol")

METRIC = _table(
    """
    L = dm3; l = dm3; Hz = s-1; N = kg.m/s2; Pa = N/m2; J = N.m; W = J/s; A = C/s; V = J/C; F = C/V
    Ohm = V/A; S = Ohm-1; Wb = V.s; T = Wb/m2; H = Wb/A; lm = cd.sr; lx = lm/m2; Bq = s-1; Gy = J/kg
    Sv = J/kg; sr = rad2; kat = mol/s; U = umol/min; eq = mol; osm = mol; bar = 100000.Pa; t = 1000.kg
    ar = 100.m2; st = m3; g% = g/dL; m[Hg] = 133322.Pa; dyn = g.cm/s2; m[H2O] = 980665/100.Pa
    cal = 4184/1000.J; cal_th = 4184/1000.J; erg = dyn.cm; P = dyn.s/cm2; Ci = 37000000000.Bq
    R = 258/1000000.C/kg; RAD = erg/(100.g); REM = RAD; u = 16605402/(10*31).g; eV = 160217733/(10*27).J
    Gal = cm/s2; G = T/10000
    """
)
"""Units that take prefixes."""

CUSTOMARY = _table(
    """
    min = 60.s; h = 60.min; d = 24.h; wk = 7.d; a = 36525/100.d; a_j = 36525/100.d; a_g = 3652425/10000.d
    mo = a/12; mo_j = a_j/12; % = 1/100; [ppth] = 1/1000; [ppm] = 1/1000000; [ppb] = 1/1000000000; 10* = 10
    10^ = 10; deg = 31415926535897932384626433832795/(10*31).rad/180; gon = 9/10.deg; [in_i] = 254/100.cm
    [ft_i] = 12.[in_i]; [yd_i] = 3.[ft_i]; [mi_i] = 5280.[ft_i]; [sin_i] = [in_i]2; [sft_i] = [ft_i]2
    [cin_i] = [in_i]3; [gr] = 6479891/100000.mg; [lb_av] = 7000.[gr]; [oz_av] = [lb_av]/16
    [stone_av] = 14.[lb_av]; [dr_av] = [oz_av]/16; [oz_tr] = 480.[gr]; [gal_us] = 231.[in_i]3
    [qt_us] = [gal_us]/4; [pt_us] = [qt_us]/2; [foz_us] = [gal_us]/128; [tsp_us] = [foz_us]/6
    [tbs_us] = [foz_us]/2; [cup_us] = 16.[tbs_us]; [drp] = mL/20; [psi] = 6894757293168/1000000000.Pa
    atm = 101325.Pa; [Cal] = kcal; Ao = nm/10; [Ch] = mm/3; [in_i'H2O] = 254/100.cm[H2O]
    [in_i'Hg] = 254/100.cm[Hg]; [kn_i] = 1852.m/h; [nmi_i] = 1852.m; [car_m] = g/5
    """
)
"""Units that take none."""
