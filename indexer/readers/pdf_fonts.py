"""What PDF fonts say otherwise than text does: their own CMaps, and radicals in the place of ideographs."""

from __future__ import annotations

import io
import unicodedata
from typing import Any

from pdfminer.cmapdb import CMap, CMapBase, CMapParser, FileCMap, IdentityCMap
from pdfminer.pdffont import PDFCIDFont
from pdfminer.pdfinterp import PDFResourceManager
from pdfminer.pdftypes import PDFStream, resolve1
from pdfminer.psparser import PSKeyword

# Many PDF writers map a glyph to the radical that shares its shape (⼈ for 人). A report's words hold no radicals,
# so the ideograph is certain; NFKC knows the Kangxi ones, these supplements it does not.
_SUPPLEMENT = dict(
    zip(
        "⺁⺃⺊⺎⺏⺐⺓⺘⺙⺝⺞⺟⺠⺢⺣⺤⺥⺦⺧⺩⺪⺫⺬⺭⺮⺯⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻⺼⺽⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻘⻙⻚⻛⻜⻝⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "厂乚卜兀尣尢幺扌攵月歺母民氵灬爪爫丬牛王疋目示礻竹糹罒罒罒罓网羊羊羊老肀聿月臼艹虎衤覀西见角角讠贝车辶辶辶阝钅長镸长门青韦页风飞食飠饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
        strict=True,
    )
)
RADICALS = {ord(radical): ideograph for radical, ideograph in _SUPPLEMENT.items()} | {
    code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)
}


class OwnCMaps(PDFResourceManager):
    """Makes fonts as pdfminer does, which knows the predefined CMaps only: where it finds none, the font's own is read."""

    def get_font(self, objid: Any, spec: Any) -> Any:
        font: Any = super().get_font(objid, spec)
        encoding = resolve1(spec.get("Encoding"))
        unknown = isinstance(font, PDFCIDFont) and isinstance(font.cmap, CMap) and not font.cmap.code2cid
        if unknown and isinstance(encoding, PDFStream):
            own = _CMap()
            _Parser(own, io.BytesIO(encoding.get_data())).run()
            # One that maps no code itself refers to the identity.
            font.cmap = own if own.code2cid else IdentityCMap()
        return font


class _CMap(FileCMap):
    def add_cid2unichr(self, cid: int, code: Any) -> None:
        """The parser, made for maps to Unicode, calls this for ranges of codes."""
        self.add_code2cid(code.decode("latin-1"), cid)

    def use_cmap(self, cmap: CMapBase) -> None:
        if isinstance(cmap, CMap):
            super().use_cmap(cmap)


class _Parser(CMapParser):
    def do_keyword(self, pos: int, token: PSKeyword) -> None:
        if token is not self.KEYWORD_ENDCIDCHAR:
            super().do_keyword(pos, token)
            return
        # Code before glyph, as the format has it; the parser expects them the other way round.
        objects = [value for _, value in self.popall()]
        for code, cid in zip(objects[::2], objects[1::2], strict=False):
            if isinstance(code, bytes) and isinstance(cid, int):
                self.cmap.add_cid2unichr(cid, code)
